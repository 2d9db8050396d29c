# The connector's image. `scripts/image` builds it, also where no image registry can be reached;
# `docker build .` does where one can. Nothing here needs more than the classic builder.
#
# Airbyte's Python base, pinned by digest: the same line as in metadata.yaml (a test compares them).
ARG BASE_IMAGE=docker.io/airbyte/python-connector-base:4.1.0@sha256:1d1aa21d34e851df4e8a87b391c27724c06e2597608e7161f4d167be853bd7b6

# ---- builder: the virtual environment; nothing else of this stage is kept
FROM ${BASE_IMAGE} AS builder
USER root
WORKDIR /build

# pip takes its settings from these; an argument of this stage leaves no trace in the final image.
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_TRUSTED_HOST
ARG PIP_DEFAULT_TIMEOUT
ARG PIP_CERT
ARG PIP_NO_CACHE_DIR=1
ARG PIP_DISABLE_PIP_VERSION_CHECK=1
ARG PIP_ROOT_USER_ACTION=ignore

# The last name matches nothing in a checkout. scripts/image puts the machine's own certificates there
# when the network asks for them (a wildcard may match nothing, a plain name may not).
COPY scripts/requirements-poetry.txt build-certificates.cr[t] ./

# Poetry turns the lock into requirements with hashes and is not in the environment that ships, nor is pip. It comes by
# its own hashes, and so does what builds the connector's package below: no code runs here that nobody has pinned.
RUN python3 -m venv /tools \
    && /tools/bin/pip install --quiet --no-deps --require-hashes --requirement requirements-poetry.txt \
    && python3 -m venv --without-pip /opt/source-intercom

# The dependencies are layers of their own, here and below: a change of the code neither installs nor
# ships them again.
COPY pyproject.toml poetry.lock ./
RUN /tools/bin/poetry export --only main --output requirements.txt \
    && /tools/bin/pip --python /opt/source-intercom/bin/python install --quiet \
        --no-deps --require-hashes --requirement requirements.txt \
    # A tenth of the image would be the tests of pandas, which the CDK brings.
    && rm -rf /opt/source-intercom/lib/python3*/site-packages/pandas/tests

COPY README.md LICENSE ./
COPY source_intercom ./source_intercom
RUN /tools/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /build/wheel . \
    && /tools/bin/pip --python /opt/source-intercom/bin/python install --quiet --no-deps --no-index \
        --prefix /build/connector /build/wheel/*.whl

# ---- the image
FROM ${BASE_IMAGE}
USER root

# Airbyte's base brings this user; a plain base gets it here, with the id that Airbyte's pods run as.
RUN id airbyte >/dev/null 2>&1 \
    || useradd --uid 1000 --user-group --create-home --shell /usr/sbin/nologin airbyte

COPY --from=builder /opt/source-intercom /opt/source-intercom
COPY --from=builder /build/connector /opt/source-intercom

ARG CONNECTOR_NAME=ghcr.io/source-intercom/source-intercom
ARG CONNECTOR_VERSION=dev
LABEL io.airbyte.name="${CONNECTOR_NAME}" \
      io.airbyte.version="${CONNECTOR_VERSION}" \
      org.opencontainers.image.source="https://github.com/source-intercom/source-intercom" \
      org.opencontainers.image.version="${CONNECTOR_VERSION}" \
      org.opencontainers.image.licenses="MIT"

# MALLOC_ARENA_MAX: with an arena of its own for each of the threads, a read of a million contacts held 347 MB at
# its peak; with two for all, 297.
ENV PATH="/opt/source-intercom/bin:${PATH}" \
    AIRBYTE_ENTRYPOINT="/opt/source-intercom/bin/source-intercom" \
    MALLOC_ARENA_MAX=2

WORKDIR /airbyte/integration_code
USER airbyte
# The command itself and no shell around it: it gets the arguments as they are, and the signals. It writes no file, so
# it runs as well with a read-only root, without capabilities, and with new privileges forbidden.
ENTRYPOINT ["/opt/source-intercom/bin/source-intercom"]
