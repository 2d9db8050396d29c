-- What the last full comparison of a stream did not give again is not active.
{% set streams = {
    'companies': 'company_history',
    'company_tags': 'company_tag_history',
    'contacts': 'contact_history',
    'contact_companies': 'contact_company_history',
    'contact_tags': 'contact_tag_history',
    'conversations': 'conversation_history',
    'conversation_tags': 'conversation_tag_history',
} %}
{% for stream, table in streams.items() %}
select '{{ table }}' as table_name, count(*) as wrong
from {{ ref(table) }}
where
    _fivetran_active
    and _fivetran_synced < (
        select {{ utc('max(began_at)') }} from {{ source('intercom_streams', 'reconciliations') }}
        where stream = '{{ stream }}'
    )
having count(*) > 0
{% if not loop.last %}union all{% endif %}
{% endfor %}
