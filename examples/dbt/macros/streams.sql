{#
    The latest row of each key of a stream, with two columns more:
    synced_at  when it was read last, in Unix seconds
    is_there   whether Intercom still gave it when the whole stream was read last
#}
{% macro latest_rows(stream, key, changed_at=none) %}
    select
        one.*,
        {% if changed_at %}
        one.synced_at >= coalesce(
            (
                select max(began_at)
                from {{ source('intercom_streams', 'reconciliations') }}
                where stream = '{{ stream }}'
            ),
            0
        ) as is_there
        {% else %}
        one.synced_at >= max(one.synced_at) over () - 60 * {{ var('one_sync_minutes') }} as is_there
        {% endif %}
    from (
        select
            stream.*,
            {# The same for columns with and without a time zone, whatever zone the session has. #}
            extract(epoch from stream._airbyte_extracted_at) as synced_at,
            row_number() over (
                partition by {{ key | join(', ') }}
                order by {% if changed_at %}coalesce({{ changed_at }}, 0) desc, {% endif %}_airbyte_extracted_at desc
            ) as nth
        from {{ source('intercom_streams', stream) }} as stream
    ) as one
    where one.nth = 1
{% endmacro %}

{#
    The links of a stream that belong to a parent of a history table, with is_active: each change of a parent delivers
    all its links again, with the new time of the parent, so a link with an older time has ended. A tag or a company that
    is deleted takes its links with it, without a change of the parent: linked_table has these.
#}
{% macro latest_links(stream, parent_table, parent_key, parent_time, linked_table=none) %}
    select
        link.*,
        link.is_there
        and coalesce(parent._fivetran_active, false)
        and coalesce({{ utc('link.' ~ parent_time) }} >= parent.updated_at, true)
        {% if linked_table == 'tag' %}
        and not coalesce(linked._fivetran_deleted, false)
        {% elif linked_table %}
        and coalesce(linked._fivetran_active, true)
        {% endif %}
        and coalesce(link.{{ parent_time }}, 0) >= link.newest_time as is_active
    from (
        select
            latest.*,
            max(coalesce(latest.{{ parent_time }}, 0)) over (partition by latest.{{ parent_key }}) as newest_time
        from ({{ latest_rows(stream, [parent_key, 'id'], parent_time) }}) as latest
    ) as link
    left join {{ ref(parent_table) }} as parent on parent.id = link.{{ parent_key }}
    {% if linked_table %}
    left join {{ ref(linked_table) }} as linked on linked.id = link.id
    {% endif %}
{% endmacro %}

{# The columns at the end of Fivetran's history tables, and of its others. #}
{% macro history_columns(is_active, started_at, row) %}
    {{ is_active }} as _fivetran_active,
    {{ utc(started_at) }} as _fivetran_start,
    cast(null as timestamp) as _fivetran_end,
    {{ utc(row ~ '.synced_at') }} as _fivetran_synced
{% endmacro %}

{% macro deletion_columns(row) %}
    not {{ row }}.is_there as _fivetran_deleted,
    {{ utc(row ~ '.synced_at') }} as _fivetran_synced
{% endmacro %}
