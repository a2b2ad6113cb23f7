# BERT Studio as a container: `docker build -t bert-studio . && docker run -p 8501:8501 -v studio:/data bert-studio`.
# It also runs as a Hugging Face Space (sdk: docker, see the README's first lines).
FROM python:3.11-slim

RUN useradd --create-home --uid 1000 studio && mkdir /data && chown studio:studio /data
USER studio
WORKDIR /home/studio/app
ENV PATH="/home/studio/.local/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    STUDIO_HOME=/data

# Where pip would bring a torch with gigabytes of CUDA, name PyTorch's own index of CPU builds:
# --build-arg EXTRA_INDEX=(the address on pytorch.org's "Get started" page)
ARG EXTRA_INDEX=""
COPY --chown=studio requirements.txt .
RUN pip install --user --no-cache-dir ${EXTRA_INDEX:+--extra-index-url "$EXTRA_INDEX"} -r requirements.txt
COPY --chown=studio . .

EXPOSE 8501
# A server whose loop is stuck does not answer in time, which counts as unhealthy.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health')"
# A Space shows the app inside a frame, where uploads fail with XSRF protection on.
CMD ["streamlit", "run", "app.py", "--server.address=0.0.0.0", "--server.port=8501", "--server.headless=true", \
     "--server.enableXsrfProtection=false"]
