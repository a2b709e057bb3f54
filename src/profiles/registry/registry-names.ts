/**
 * The names that stand in requests to a registry, in the grammars of the OCI Distribution Specification. Every character
 * that they take is one that a path and a query may hold as it is, so a name has one spelling: what is escaped is none.
 * @module
 */

// A part takes no separator at its ends, so none of these expressions has two ways to read a text.
const repositoryName = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const repositoryNameLengthMax = 255
const tag = /^\w[\w.-]{0,127}$/
const digest = /^[a-z][a-z0-9]*(?:[+._-][a-z][a-z0-9]*)*:[a-f0-9]{32,}$/
const digestLengthMax = 255
// Never a dot segment.
const uploadId = /^\w[\w.=-]{0,254}$/

/** `acme/app`: parts in lower case, between slashes. A part may be called `manifests` or `blobs`, too. */
export function isRepositoryName(text: string): boolean {
  return text.length <= repositoryNameLengthMax && repositoryName.test(text)
}

/** `sha256:…` of the content itself. */
export function isDigest(text: string): boolean {
  return text.length <= digestLengthMax && digest.test(text)
}

/** How a manifest is named: by a tag (`v1.2`) or by its digest. */
export function isReference(text: string): boolean {
  return tag.test(text) || isDigest(text)
}

/** What the registry called an upload that is under way. */
export function isUploadId(text: string): boolean {
  return uploadId.test(text)
}
