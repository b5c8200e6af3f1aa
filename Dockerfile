# docker build -t mebench .
# docker run --rm -v "$PWD/runs:/work/runs" -v mebench:/work/.mebench mebench run --method magplus --backbone fomm
#
# The default torch brings the CUDA libraries along (about 5 GB). For a small image without a graphics card, name an index
# of processor builds: docker build --build-arg TORCH="--index-url URL" -t mebench .
FROM python:3.11-slim AS wheel
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.11-slim
ARG TORCH=""
RUN --mount=type=bind,from=wheel,source=/wheels,target=/wheels \
    pip install --no-cache-dir $TORCH torch torchvision \
 && pip install --no-cache-dir /wheels/*.whl
WORKDIR /work
ENV MEBENCH_HOME=/work/.mebench
ENTRYPOINT ["mebench"]
CMD ["doctor"]
