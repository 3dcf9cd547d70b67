import type { CustomResourceDefinition } from '../../lib/kube/objects.ts';

/** The part of a CRD that is compared; everything optional, since a cluster's may be anything. */
export interface CrdSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, CrdSchema>>;
  readonly items?: CrdSchema;
  readonly additionalProperties?: CrdSchema | boolean;
  readonly enum?: readonly unknown[];
  readonly 'x-kubernetes-validations'?: readonly { readonly rule?: string; readonly message?: string }[];
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
}

export interface CrdVersion {
  readonly name?: string;
  readonly served?: boolean;
  readonly storage?: boolean;
  readonly subresources?: { readonly status?: unknown };
  readonly schema?: { readonly openAPIV3Schema?: CrdSchema };
}

export interface CrdSpec {
  readonly group?: string;
  readonly scope?: string;
  readonly names?: { readonly kind?: string; readonly plural?: string };
  readonly versions?: readonly CrdVersion[];
}

export interface Crd extends CustomResourceDefinition {
  readonly spec?: Record<string, unknown> & CrdSpec;
}
