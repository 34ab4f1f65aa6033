# One binary on a slim Debian. Both stages are of one Debian release, so that their C libraries agree.
ARG RUST=1.95
ARG DEBIAN=trixie

FROM rust:${RUST}-slim-${DEBIAN} AS build
WORKDIR /src
COPY . .
# The caches keep a second build short; the binary is copied out because caches are not part of a layer.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked && cp target/release/shoper-sare /usr/local/bin/

FROM debian:${DEBIAN}-slim
# ca-certificates: the shops and SARE are reached over TLS, and trust comes from the system.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /var/lib/shoper-sare --create-home shoper-sare \
    && chmod 0700 /var/lib/shoper-sare
COPY --from=build /usr/local/bin/shoper-sare /usr/local/bin/

USER 10001:10001
VOLUME /var/lib/shoper-sare
WORKDIR /var/lib/shoper-sare
ENV DATABASE_URL=sqlite:/var/lib/shoper-sare/shoper-sare.db \
    LISTEN=0.0.0.0:8080 \
    LOG_FORMAT=json
EXPOSE 8080

# No HEALTHCHECK: the image has no HTTP client to make one with, and whoever runs the container asks from outside, where
# it counts: GET /healthz says that the process lives, GET /readyz that it can do its work.
ENTRYPOINT ["shoper-sare"]
CMD ["serve"]
