# One role of the baseline as a static binary in an empty image, for x86 and Arm:
#
#   docker buildx build --platform linux/amd64,linux/arm64 -f conventional/receiver-simple.Dockerfile .
#
# The three Dockerfiles differ in the role only and share all layers but the last.

# The builder runs on its own platform and compiles for the target's: nothing is emulated.
FROM --platform=$BUILDPLATFORM rust:1.95.0-slim-bookworm AS builder
RUN cargo install --locked --version 0.1.78 cargo-chef
WORKDIR /src
ARG TARGETPLATFORM
# The musl targets bring their C library, and rust-lld links for every platform: no cross compiler is needed.
ENV CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld
RUN case "$TARGETPLATFORM" in \
      linux/amd64) echo x86_64-unknown-linux-musl > /target ;; \
      linux/arm64) echo aarch64-unknown-linux-musl > /target ;; \
      *) echo "no Rust target for the platform \"$TARGETPLATFORM\"" >&2; exit 1 ;; \
    esac && rustup target add "$(cat /target)"

FROM builder AS plan
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

FROM builder AS build
# This layer holds the compiled dependencies; it lasts until Cargo.lock or a manifest changes.
COPY --from=plan /src/recipe.json recipe.json
RUN cargo chef cook --release --locked --target "$(cat /target)" --package conventional --recipe-path recipe.json
COPY . .
RUN cargo build --release --locked --target "$(cat /target)" --package conventional \
    && cp "target/$(cat /target)/release/conventional" /conventional

FROM scratch
LABEL org.opencontainers.image.title="receiver-simple" \
      org.opencontainers.image.description="The always-on service receiver-simple of the order pipeline" \
      org.opencontainers.image.version="0.2.0" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /conventional /conventional
USER 65532:65532
HEALTHCHECK --interval=10s --timeout=3s CMD ["/conventional", "check"]
ENTRYPOINT ["/conventional", "--role", "receiver-simple"]
