/** On the StorageClass that a claim without one gets. Source: Kubernetes' documentation of default classes. */
export const IS_DEFAULT_STORAGE_CLASS = 'storageclass.kubernetes.io/is-default-class';
