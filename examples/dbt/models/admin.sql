select
    one.id,
    one.name,
    one.job_title,
    {{ deletion_columns('one') }}
from ({{ latest_rows('admins', ['id']) }}) as one
