/** Put in by the build from package.json; undefined where the source runs unbundled (tests). */
declare const CSI_SIDECARS_VERSION: string | undefined;

export const VERSION: string = typeof CSI_SIDECARS_VERSION === 'string' ? CSI_SIDECARS_VERSION : 'unbuilt';
