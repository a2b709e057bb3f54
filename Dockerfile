# Sallyport as an image without a shell: Node, the libraries it loads, the compiled gateway and what that depends on.
#
#   docker build --tag sallyport .
#
# What it promises, and how to run it, is in docs/container.md.

# Both Node and Debian come from here. A release names the bytes as well as the tag:
#   --build-arg BASE=node:26-trixie-slim@sha256:…
ARG BASE=node:26-trixie-slim

# Nothing of this stage but dist/ is kept. No script of a dependency runs: none is needed for the build.
FROM ${BASE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts/build.ts scripts/tsconfig.build.json ./scripts/
COPY src ./src
RUN node scripts/build.ts

# What the gateway imports at run time, without declarations, maps and sources in TypeScript.
FROM ${BASE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts \
 && find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' \) -delete \
 && find node_modules -name .bin -prune -exec rm -r {} + \
 && find node_modules -type d -empty -delete \
 && chmod -R a+rX,go-w node_modules

# The bottom of the image: Node, each library that it is linked with, and what scanners read to know their versions.
FROM ${BASE} AS runtime
RUN set -eu; \
    node="$(node -p process.execPath)"; \
    install -D -m 0755 "$node" /image/usr/local/bin/node; \
    mkdir -p /image/app /image/etc /image/var/lib/dpkg/status.d; \
    libraries="$(ldd "$node" | grep -o '/[^ ]*')"; \
    for library in $libraries; do \
      install -D -m 0755 "$library" "/image$library"; \
      package="$(dpkg -S "$(readlink -f "$library")" | cut -d: -f1)"; \
      dpkg -s "$package" > "/image/var/lib/dpkg/status.d/$package"; \
      install -D -m 0644 "/usr/share/doc/$package/copyright" "/image/usr/share/doc/$package/copyright"; \
    done; \
    echo 'hosts: files dns' > /image/etc/nsswitch.conf; \
    echo 'sallyport:x:10001:10001::/nonexistent:/nonexistent' > /image/etc/passwd; \
    echo 'sallyport:x:10001:' > /image/etc/group; \
    install -d -m 0700 /data/sallyport

FROM scratch
COPY --from=runtime /image /
# Said here, because not every builder keeps an owner that it copies.
COPY --from=runtime --chown=10001:10001 /data /var/lib
COPY --from=dependencies /app/node_modules /app/node_modules
COPY --from=build /app/dist /app/dist
COPY package.json LICENSE /app/
ENV NODE_ENV=production \
    SALLYPORT_CONFIG=/etc/sallyport/sallyport.yaml
WORKDIR /app
USER 10001:10001
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
# Whether the process answers, and not whether it can decide: replacing a gateway cures nothing that /readyz tells.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["/usr/local/bin/node", "--eval", \
    "fetch('http://127.0.0.1:' + (process.env.SALLYPORT_ADMIN_PORT || 8081) + '/livez').then(({ ok }) => process.exit(ok ? 0 : 1))"]
ENTRYPOINT ["/usr/local/bin/node", "/app/dist/main.js"]
CMD ["serve"]
