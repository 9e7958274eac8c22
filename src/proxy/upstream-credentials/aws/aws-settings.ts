export interface AwsSettings {
  readonly region: string;
  readonly roleArn: string;
  /** An OIDC token for the role, for example a projected token of Kubernetes. */
  readonly webIdentityTokenFile: string;
  /** Name of the session in CloudTrail. */
  readonly sessionName: string;
  /** The AWS service that issues the token. */
  readonly service: 'ecr';
  /** Replace the public regional endpoints. */
  readonly endpoints: { readonly sts?: string | undefined; readonly ecr?: string | undefined };
}
