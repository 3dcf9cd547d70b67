/**
 * "May this account do that?", asked of the server. It is a POST, and stores nothing: the answer is in its status. Nobody
 * but doctor's check of rights gets to send one.
 */
import { ApiError } from '../../lib/kube/api-error.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { KubeObject, Resource } from '../../lib/kube/objects.ts';
import type { AccessQuestion, Rights } from './check.ts';

interface SubjectAccessReview extends KubeObject {
  spec?: object;
  status?: { allowed?: boolean };
}

const REVIEWS: Resource<SubjectAccessReview> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  namespaced: false,
};

export function openRights(client: Pick<KubeClient, 'create'>, signal: AbortSignal): Rights {
  return {
    mayDo: async (question) => {
      try {
        const { status } = await client.create(REVIEWS, reviewOf(question), { signal });
        return status?.allowed;
      } catch (error) {
        // No such kind here, or we may not ask.
        if (error instanceof ApiError && (error.status === 404 || error.status === 403)) return undefined;
        throw error;
      }
    },
  };
}

function reviewOf({ user, group, resource, subresource, verb, namespace, name }: AccessQuestion): SubjectAccessReview {
  const [, , accountNamespace = ''] = user.split(':');
  return {
    apiVersion: 'authorization.k8s.io/v1',
    kind: REVIEWS.kind,
    spec: {
      user,
      // A token of the account brings these.
      groups: ['system:serviceaccounts', `system:serviceaccounts:${accountNamespace}`, 'system:authenticated'],
      resourceAttributes: { group, resource, subresource, verb, namespace, name },
    },
  };
}
