{# What PostgreSQL and DuckDB write differently. #}

{# Unix seconds as a timestamp without time zone, in UTC. #}
{% macro utc(seconds) %}{{ adapter.dispatch('utc', 'intercom_tables')(seconds) }}{% endmacro %}

{% macro default__utc(seconds) %}cast(to_timestamp({{ seconds }}) at time zone 'UTC' as timestamp){% endmacro %}

{% macro duckdb__utc(seconds) %}make_timestamp(cast({{ seconds }} * 1000000 as bigint)){% endmacro %}

{# The text of a field inside a column that holds a JSON object: json_text('source', 'author', 'id'). #}
{% macro json_text(column) %}{{ adapter.dispatch('json_text', 'intercom_tables')(column, varargs) }}{% endmacro %}

{% macro default__json_text(column, path) %}(cast({{ column }} as jsonb) #>> '{ {{- path | join(',') -}} }'){% endmacro %}

{% macro duckdb__json_text(column, path) %}(cast({{ column }} as json) ->> '$.{{ path | join('.') }}'){% endmacro %}

{#
    dbt_intercom asks fivetran_utils for medians, which has no way to make them in DuckDB. Versions of dbt_intercom that
    bring a way of their own group the rows first; the others need them for each row.
#}
{% macro duckdb__percentile(percentile_field, partition_field, percent) %}
    quantile_cont({{ percentile_field }}, {{ percent }})
    {%- if not (intercom is defined and intercom.duckdb__percentile is defined) %} over (partition by {{ partition_field }}){% endif %}
{% endmacro %}
