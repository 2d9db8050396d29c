-- Nothing of a deleted conversation is active, and none of its parts is there.
{% set gone %}(select id from {{ source('intercom_streams', 'conversations_deleted') }}){% endset %}
select 'conversation_history' as table_name, id from {{ ref('conversation_history') }}
where _fivetran_active and id in {{ gone }}
union all
select 'conversation_part_history', id from {{ ref('conversation_part_history') }}
where conversation_id in {{ gone }}
union all
select 'conversation_contact_history', conversation_id from {{ ref('conversation_contact_history') }}
where _fivetran_active and conversation_id in {{ gone }}
union all
select 'conversation_tag_history', conversation_id from {{ ref('conversation_tag_history') }}
where _fivetran_active and conversation_id in {{ gone }}
