select
    one.id,
    one.display_name,
    one.identifier,
    one.website_turned_on,
    one.workspace_id,
    {{ utc('one.created_at') }} as created_at,
    {{ utc('one.updated_at') }} as updated_at,
    {{ history_columns('one.is_there', 'one.updated_at', 'one') }}
from ({{ latest_rows('help_centers', ['id'], 'updated_at') }}) as one
