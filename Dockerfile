# The service. It needs a Neo4j at NEO4J_URI: see docker-compose.yml.
FROM python:3.12-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONPATH=/app \
    EVENKEEL_HOME=/data \
    XDG_CACHE_HOME=/data/cache \
    NUMBA_CACHE_DIR=/tmp/numba

WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements.lock

COPY api ./api
COPY feeds ./feeds
COPY forecast ./forecast
COPY governance ./governance
COPY graph ./graph
COPY ontology ./ontology
COPY reasoning ./reasoning
COPY rules ./rules
COPY service ./service
COPY solver ./solver
COPY examples ./examples

RUN useradd --system --uid 10001 --no-create-home evenkeel \
    && install --directory --owner evenkeel --mode 0700 /data
USER evenkeel
VOLUME /data
EXPOSE 8000

ENTRYPOINT ["python", "-c", "import sys; from api.command_line import main; sys.exit(main())"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
