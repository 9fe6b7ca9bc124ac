/** A promote request, as registries read it on the wire. */
export interface PromoteRequest {
  readonly name: string;
  readonly filename: string;
  readonly sha256: string;
  readonly size_bytes: number;
  readonly source: string;
  readonly source_revision: string;
  /** The SHA-256 of the policy, as a string: registries refuse anything else. */
  readonly policy_version: string;
  readonly scan_results: Readonly<Record<string, string>>;
  readonly scanner_versions: Readonly<Record<string, string>>;
  readonly gguf_guard_fingerprint?: Readonly<Record<string, unknown>>;
  readonly gguf_guard_manifest?: string;
  /** What a directory was compared with; dialect B makes its own evidence of it, the others are not sent it. */
  readonly download_manifest?: DownloadManifestFacts;
}

/** Where a registry takes models from: its own directory, or one where they are staged for it to copy. */
export type Placement =
  | { readonly kind: "registry" }
  | { readonly kind: "staging"; readonly directory: string };

/** Which list of files a downloaded directory was compared with, and how much of it. */
export interface DownloadManifestFacts {
  readonly manifest_sha256: string;
  readonly repo_id: string;
  readonly revision: string;
  readonly variant: string | null;
  readonly files_checked: number;
  readonly total_size_bytes: number;
  readonly sha256_files_checked: number;
  readonly git_blob_files_checked: number;
}

/** True for the names of this machine: `localhost`, `127.0.0.0/8` in full dotted form, and `[::1]`, in any case. */
export function isLoopbackHost(hostname: string): boolean {
  const name = hostname.toLowerCase();
  if (name === "localhost" || name === "[::1]") return true;
  const octets = /^127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(name);
  return octets !== null && octets.slice(1).every((octet) => Number(octet) <= 255);
}

/**
 * Whether a request can come from a program on this machine that means us. A page in a browser whose name was made
 * to point here (DNS rebinding) sends that name as Host; a page elsewhere that posts to us sends an Origin.
 */
export function isLocalRequest(headers: Headers): boolean {
  const host = headers.get("host");
  return host !== null && isLoopbackHost(host.replace(/:\d{1,5}$/, "")) && !headers.has("origin");
}
