select
    one.id,
    case when one.parent_type = 'collection' then one.parent_id end as collection_id,
    one.author_id,
    one.title,
    one.description,
    one.body,
    one.url,
    one.type,
    one.state,
    one.parent_type,
    one.default_locale,
    one.workspace_id,
    {{ utc('one.created_at') }} as created_at,
    {{ utc('one.updated_at') }} as updated_at,
    {{ history_columns('one.is_there', 'one.updated_at', 'one') }}
from ({{ latest_rows('articles', ['id'], 'updated_at') }}) as one
