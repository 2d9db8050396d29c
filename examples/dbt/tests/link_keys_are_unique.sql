-- A link stands once, whether it is active or not.
{% set keys = {
    'team_admin': ['team_id', 'admin_id'],
    'company_tag_history': ['company_id', 'tag_id'],
    'contact_company_history': ['contact_id', 'company_id'],
    'contact_tag_history': ['contact_id', 'tag_id'],
    'conversation_contact_history': ['conversation_id', 'contact_id'],
    'conversation_tag_history': ['conversation_id', 'tag_id'],
} %}
{% for table, key in keys.items() %}
select '{{ table }}' as link_table, {{ key[0] }} as first_id, {{ key[1] }} as second_id
from {{ ref(table) }}
group by {{ key | join(', ') }}
having count(*) > 1
{% if not loop.last %}union all{% endif %}
{% endfor %}
