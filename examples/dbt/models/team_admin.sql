select
    one.team_id,
    one.admin_id,
    {{ deletion_columns('one') }}
from ({{ latest_rows('team_admins', ['team_id', 'admin_id']) }}) as one
