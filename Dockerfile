# syntax=docker/dockerfile:1
# Cambrian in one image: the service, the runner, and the nodes of its Ray cluster, which must all have the same versions.
FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
RUN python -m venv /opt/cambrian
WORKDIR /src
COPY requirements/demo.txt requirements/demo.txt
# Every package is checked against the hash that the lock file names, and none is built from its source.
RUN /opt/cambrian/bin/pip install --require-hashes --only-binary=:all: --requirement requirements/demo.txt
COPY pyproject.toml README.md ./
COPY core core
COPY evolution evolution
COPY service service
COPY migrations migrations
# With the build backend that the lock file names, so that nothing is fetched outside of it.
RUN /opt/cambrian/bin/pip install --no-deps --no-build-isolation . \
    && /opt/cambrian/bin/pip uninstall --yes hatchling editables \
    && /opt/cambrian/bin/python -m compileall -q /opt/cambrian/lib \
    && /opt/cambrian/bin/python -m pip uninstall --yes pip


FROM python:3.13-slim

LABEL org.opencontainers.image.title="Cambrian" \
      org.opencontainers.image.description="Evolves the structure of neural networks and says honestly whether it was worth it"

# A number that is the same on every machine, so that the owner of files in volumes means something.
RUN groupadd --system --gid 10001 cambrian \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin cambrian \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data \
    && python -m pip uninstall --yes pip
COPY --from=build /opt/cambrian /opt/cambrian

ENV PATH=/opt/cambrian/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    CAMBRIAN_DATA_DIR=/data \
    RAY_USAGE_STATS_ENABLED=0

USER 10001:10001
WORKDIR /data
EXPOSE 8642
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-P", "-m", "service.alive"]
CMD ["cambrian", "serve"]
