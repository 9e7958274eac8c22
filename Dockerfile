# The image of the gateway.
#
#   docker build -t gatehouse .                        # or podman, or buildah
#   docker run --read-only -v ./config:/etc/gatehouse:ro -v state:/var/lib/gatehouse -p 8080:8080 gatehouse
#
# npm settings (another registry, a CA) are passed as a secret, and no layer contains them:
#   --secret id=npmrc,src=$HOME/.npmrc
#
# test/e2e/container.test.ts builds this file and runs the result.

# A shell, node and npm.
ARG BUILD_IMAGE=node:26-trixie-slim
# node at /nodejs/bin/node, its libraries, and nothing else; no shell.
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs26-debian13:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc \
    npm ci --omit=dev --ignore-scripts --no-audit --no-fund --no-update-notifier --cache /tmp/npm && \
    rm -rf /tmp/npm && mkdir -p /empty
COPY src ./src
COPY LICENSE ./

# Version, user, path and flags are part of Node's cache key: they must equal those of the final image, or Node compiles
# again at every start. The demo covers the gateway from the configuration to the audit trail, and fails the build
# if the gateway does not run.
# The flags: memory of the configuration loader's thread returns to the system when it ends, and the young generation
# of the heap stays small (docs/adr/0033-large-policies.md).
FROM ${RUNTIME_IMAGE} AS warm
USER 65532:65532
COPY --from=build /app /app
COPY --from=build --chown=65532:65532 /empty /var/cache/gatehouse
ENV NODE_COMPILE_CACHE=/var/cache/gatehouse
RUN ["/nodejs/bin/node", "--max-old-space-size-percentage=70", "--no-memory-pool-share-memory-on-teardown", "--max-semi-space-size=4", "/app/src/main.ts", "demo", "--once"]

FROM ${RUNTIME_IMAGE}
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="gatehouse" \
      org.opencontainers.image.description="An authentication gateway for machines" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /app /app
# Owned by root, like the code: the process cannot modify the code that it runs. Node creates it readable by its owner only.
COPY --from=warm --chown=0:0 --chmod=0555 /var/cache/gatehouse /var/cache/gatehouse
COPY --from=build --chown=65532:65532 /empty /var/lib/gatehouse
COPY --from=build /empty /etc/gatehouse
ENV NODE_ENV=production NODE_COMPILE_CACHE=/var/cache/gatehouse
# The state's default, data/gatehouse.db, starts at the working directory.
WORKDIR /var/lib/gatehouse
VOLUME ["/var/lib/gatehouse"]
USER 65532:65532
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["/nodejs/bin/node", "/app/src/main.ts", "health"]
# node is PID 1: it handles SIGTERM and has no children.
ENTRYPOINT ["/nodejs/bin/node", "--max-old-space-size-percentage=70", "--no-memory-pool-share-memory-on-teardown", "--max-semi-space-size=4", "/app/src/main.ts"]
CMD ["serve", "--config", "/etc/gatehouse"]
