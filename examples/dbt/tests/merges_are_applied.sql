-- A contact that was merged is not active, takes part in no conversation and wrote nothing: the one that is left did.
{% set gone %}(
    select source_contact_id from {{ source('intercom_streams', 'contact_merge_history') }}
    where source_contact_id <> contact_id
){% endset %}
select 'contact_history' as table_name, id from {{ ref('contact_history') }}
where _fivetran_active and id in {{ gone }}
union all
select 'conversation_contact_history', contact_id from {{ ref('conversation_contact_history') }}
where contact_id in {{ gone }}
union all
select 'contact_tag_history', contact_id from {{ ref('contact_tag_history') }}
where _fivetran_active and contact_id in {{ gone }}
union all
select 'contact_company_history', contact_id from {{ ref('contact_company_history') }}
where _fivetran_active and contact_id in {{ gone }}
union all
select 'conversation_history', id from {{ ref('conversation_history') }}
where source_author_id in {{ gone }}
union all
select 'conversation_part_history', id from {{ ref('conversation_part_history') }}
where author_id in {{ gone }}
