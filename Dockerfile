# syntax=docker/dockerfile:1
# One image per program: `docker build --target csi-snapshotter .` A program is its own entry point and also
# lies at the path that the Go program's image has (`/csi-snapshotter`), since some charts set the command.
#
# `npm run images` packs the same targets without Docker: it knows COPY of one file or folder, and `ln -s`.
#
# USER stays unset, as in the Go programs' images: a driver that runs as root makes a socket that only root
# can use. The manifests in deploy/ run everything as a user without rights, on a group-owned socket.
# Nothing is written at run time: the root file system may be read-only.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build --silent

# Bundles need no node_modules. The chunks are shared, so that they are one layer of all images.
FROM ${NODE_IMAGE} AS runtime
COPY LICENSE /app/LICENSE
COPY --from=build /src/dist/LICENSES.txt /app/LICENSES.txt
COPY --from=build /src/dist/sbom.spdx.json /app/sbom.spdx.json
COPY --from=build /src/dist/chunks /app/dist/chunks

FROM runtime AS snapshot-controller
COPY --from=build /src/dist/snapshot-controller.mjs /app/dist/snapshot-controller.mjs
RUN ln -s /app/dist/snapshot-controller.mjs /snapshot-controller
ENTRYPOINT ["/snapshot-controller"]

FROM runtime AS csi-snapshotter
COPY --from=build /src/dist/csi-snapshotter.mjs /app/dist/csi-snapshotter.mjs
RUN ln -s /app/dist/csi-snapshotter.mjs /csi-snapshotter
ENTRYPOINT ["/csi-snapshotter"]

FROM runtime AS csi-provisioner
COPY --from=build /src/dist/csi-provisioner.mjs /app/dist/csi-provisioner.mjs
RUN ln -s /app/dist/csi-provisioner.mjs /csi-provisioner
ENTRYPOINT ["/csi-provisioner"]

FROM runtime AS mock-driver
COPY --from=build /src/dist/csi.proto /app/dist/csi.proto
COPY --from=build /src/dist/mock-driver.mjs /app/dist/mock-driver.mjs
RUN ln -s /app/dist/mock-driver.mjs /mock-driver
ENTRYPOINT ["/mock-driver"]

# The last target is what a plain `docker build .` makes. `install-crds` reads the definitions from here; `try` is code
# that no other program has.
FROM runtime AS csi-sidecars
COPY deploy/crds /app/deploy/crds
COPY --from=build /src/dist/verbs /app/dist/verbs
COPY --from=build /src/dist/csi-sidecars.mjs /app/dist/csi-sidecars.mjs
RUN ln -s /app/dist/csi-sidecars.mjs /csi-sidecars
ENTRYPOINT ["/csi-sidecars"]
