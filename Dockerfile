# The service, as a user that is not root. LOCK=requirements.lock adds what quality runs and releases need.
FROM python:3.11-slim
ARG LOCK=requirements-api.lock

RUN useradd --system --create-home --home-dir /var/lib/kith kith
WORKDIR /opt/kith
COPY requirements.lock requirements-api.lock ./
RUN pip install --no-cache-dir --require-hashes -r ${LOCK}
COPY pyproject.toml README.md ./
COPY schemas schemas
COPY services services
COPY quality quality
COPY seed seed
COPY migrations migrations
ENV PYTHONPATH=/opt/kith PYTHONUNBUFFERED=1
RUN printf '#!/bin/sh\nexec python -m services.cli.main "$@"\n' > /usr/local/bin/kith && chmod 0755 /usr/local/bin/kith
USER kith
EXPOSE 8000
CMD ["kith", "serve", "--host", "0.0.0.0", "--port", "8000"]
