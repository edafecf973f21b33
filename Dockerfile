# amlclassic in a container: docker build -t amlclassic . && docker run --rm -p 8350:8350 -p 10000:10000 amlclassic
#
# Answers name http://127.0.0.1:8350 unless AMLCLASSIC_PUBLIC_URL and AMLCLASSIC_PUBLIC_BLOB_URL say where callers find it.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/amlclassic
COPY pyproject.toml README.md LICENSE ./
COPY emulator emulator
COPY client client
COPY contracts contracts
RUN /opt/amlclassic/bin/pip install --no-cache-dir . \
    && /opt/amlclassic/bin/python -m compileall -q /opt/amlclassic/lib

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home amlclassic \
    && install -d -o amlclassic -m 0700 /var/lib/amlclassic /run/amlclassic
COPY --from=build /opt/amlclassic /opt/amlclassic
# The control plane (/_emulator) answers from outside the container only to AMLCLASSIC_CONTROL_TOKEN, if one is given.
ENV PATH=/opt/amlclassic/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    AMLCLASSIC_HOST=0.0.0.0 \
    AMLCLASSIC_PUBLIC_URL=http://127.0.0.1:8350 \
    AMLCLASSIC_PUBLIC_BLOB_URL=http://127.0.0.1:10000 \
    AMLCLASSIC_ENDPOINTS_FILE=/run/amlclassic/endpoints.json
USER 10001
WORKDIR /var/lib/amlclassic
VOLUME ["/var/lib/amlclassic"]
EXPOSE 8350 10000
HEALTHCHECK --interval=5s --timeout=5s --start-period=20s --start-interval=1s CMD ["amlclassic", "status", "--ready"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["amlclassic"]
CMD ["serve"]
