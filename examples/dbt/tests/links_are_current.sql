-- An active link belongs to an active record, and is as new as that and as all other active links of it.
{% set parents = {
    'company_tag_history': 'company',
    'contact_company_history': 'contact',
    'contact_tag_history': 'contact',
    'conversation_contact_history': 'conversation',
    'conversation_tag_history': 'conversation',
} %}
{% for table, parent in parents.items() %}
select '{{ table }}' as link_table, link.{{ parent }}_id as parent_id
from {{ ref(table) }} as link
left join {{ ref(parent ~ '_history') }} as parent on parent.id = link.{{ parent }}_id
where
    link._fivetran_active
    and (
        parent.id is null
        or not parent._fivetran_active
        or link.{{ parent }}_updated_at < parent.updated_at
        or exists (
            select 1
            from {{ ref(table) }} as other
            where
                other._fivetran_active
                and other.{{ parent }}_id = link.{{ parent }}_id
                and other.{{ parent }}_updated_at > link.{{ parent }}_updated_at
        )
    )
{% if not loop.last %}union all{% endif %}
{% endfor %}
union all
select 'contact_company_history', link.contact_id
from {{ ref('contact_company_history') }} as link
inner join {{ ref('company_history') }} as company on company.id = link.company_id
where link._fivetran_active and not company._fivetran_active
{% for parent in ['company', 'contact', 'conversation'] %}
union all
select '{{ parent }}_tag_history', link.{{ parent }}_id
from {{ ref(parent ~ '_tag_history') }} as link
inner join {{ ref('tag') }} as tag on tag.id = link.tag_id
where link._fivetran_active and tag._fivetran_deleted
{% endfor %}
