select
    one.id,
    one.help_center_id,
    one.parent_id,
    one.name,
    one.description,
    one.url,
    one.icon,
    one."order",
    one.default_locale,
    one.workspace_id,
    {{ utc('one.created_at') }} as created_at,
    {{ utc('one.updated_at') }} as updated_at,
    {{ history_columns('one.is_there', 'one.updated_at', 'one') }}
from ({{ latest_rows('collections', ['id'], 'updated_at') }}) as one
