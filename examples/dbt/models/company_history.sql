select
    one.id,
    one.name,
    one.website,
    one.industry,
    cast(one.monthly_spend as numeric(38, 9)) as monthly_spend,
    one.session_count,
    one.user_count,
    {{ json_text('one.plan', 'id') }} as plan_id,
    {{ json_text('one.plan', 'name') }} as plan_name,
    {{ utc('one.created_at') }} as created_at,
    {{ utc('one.updated_at') }} as updated_at,
    {{ history_columns('one.is_there', 'one.updated_at', 'one') }}
from ({{ latest_rows('companies', ['id'], 'updated_at') }}) as one
