select
    one.id,
    one.name,
    {{ deletion_columns('one') }}
from ({{ latest_rows('tags', ['id']) }}) as one
