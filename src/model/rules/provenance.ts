import { rules } from "./rule.ts";

const ASK_PUBLISHER =
  "Fetch model and signature again from the publisher, and ask the publisher if it stays so.";
const NAME_SIGNER =
  "If this signer is right, add it to `publishers` in the policy; otherwise do not use the model.";

/** Stage 4: who signed these bytes, and do we trust them. */
export const PROVENANCE_RULES = rules({
  "provenance/unverified": {
    severity: "info",
    why: "A signature was found but could not be checked here, so it adds no trust.",
    whatToDo: "Name its signer under `publishers` in the policy, or verify it with the publisher's own tool.",
  },

  // The signature file itself.
  "signature/absent": {
    severity: "critical",
    why:
      "The policy says that models from this source are signed; without a signature anybody can have made it.",
    whatToDo:
      "Fetch the publisher's signature and put it beside the model (NAME.sig; .NAME.sig in incoming).",
  },
  "signature/malformed": {
    severity: "critical",
    why: "What stands in the signature's place is no signature, or one that was cut or changed.",
    whatToDo: ASK_PUBLISHER,
  },
  "signature/unreadable": {
    severity: "critical",
    why: "What stands in the signature's place is no plain file, or larger than any signature.",
    whatToDo: ASK_PUBLISHER,
  },
  "signature/version": {
    severity: "critical",
    why:
      "The signature is in a version of its format whose rules are not known here, so it cannot be judged.",
    whatToDo: "Ask the publisher for a Sigstore bundle of version 0.3 (OpenSSF Model Signing 1.0, cosign 3).",
  },
  "signature/downgraded": {
    severity: "critical",
    why:
      "The statement is of a retired form that does not say how the model was hashed nor what was left out.",
    whatToDo: "Ask the publisher to sign again with OpenSSF Model Signing 1.0.",
  },
  "signature/count": {
    severity: "critical",
    why: "With none or several signatures in one envelope, readers disagree about which one counts.",
    whatToDo: ASK_PUBLISHER,
  },
  "signature/payload-type": {
    severity: "critical",
    why:
      "What was signed is a text of another kind, which could be replayed here as a statement about a model.",
    whatToDo: ASK_PUBLISHER,
  },
  "signature/statement": {
    severity: "critical",
    why: "What was signed does not say in the agreed form which bytes it is about.",
    whatToDo: ASK_PUBLISHER,
  },
  "signature/predicate": {
    severity: "critical",
    why: "The signed statement claims something else than the content of a model.",
    whatToDo: ASK_PUBLISHER,
  },
  "signature/root-digest": {
    severity: "critical",
    why: "The statement's digest of the whole model is not that of its own list of files.",
    whatToDo: ASK_PUBLISHER,
  },
  "signature/hash-type": {
    severity: "critical",
    why: "The statement uses digests that are not computed here, so it cannot be compared with the bytes.",
    whatToDo: "Ask the publisher for a signature over SHA-256 digests.",
  },
  "signature/symlinks": {
    severity: "critical",
    why: "The signer followed links, so the signature may cover files that are no part of the model.",
    whatToDo: "Ask the publisher to sign without --allow_symlinks.",
  },
  "signature/ignored-path": {
    severity: "critical",
    why: "A file of this model lies under a path the signer left out, so nobody vouches for it.",
    whatToDo: "Remove the file from the model, or ask the publisher to sign it too.",
  },
  "signature/resource-name": {
    severity: "critical",
    why: "A name in the signed list leads out of the model or can be read in two ways.",
    whatToDo: ASK_PUBLISHER,
  },
  "signature/resource-duplicate": {
    severity: "critical",
    why: "The signed list names one file twice, so it does not say which bytes the file has.",
    whatToDo: ASK_PUBLISHER,
  },
  "signature/resource-missing": {
    severity: "critical",
    why:
      "Files the publisher signed are not here: the model is incomplete, or something was taken out of it.",
    whatToDo: "Fetch the whole model as it was signed.",
  },
  "signature/unsigned-file": {
    severity: "critical",
    why: "The model holds a file that the signature does not cover: anybody can have put it there.",
    whatToDo: "Remove the file, or fetch the model again from its publisher.",
  },
  "signature/shards": {
    severity: "critical",
    why: "The signed pieces of a file overlap, leave holes or end elsewhere than the file does.",
    whatToDo: ASK_PUBLISHER,
  },
  "signature/other-bytes": {
    severity: "critical",
    why: "The signature is about other bytes than these: the model was changed after it was signed.",
    whatToDo: "Do not use the model. Fetch it again from its publisher.",
  },
  "signature/false": {
    severity: "critical",
    why: "The signature was not made by the key it names over what it signs: it was forged or damaged.",
    whatToDo: "Do not use the model. Fetch model and signature again from the publisher.",
  },
  "signature/algorithm": {
    severity: "critical",
    why:
      "The signature is of a kind that is not accepted here, or of another kind than the pinned key makes.",
    whatToDo:
      "Ask the publisher for a signature with P-256, P-384, P-521 or Ed25519, by the key the policy names.",
  },
  "signature/disputed": {
    severity: "critical",
    why: "Our own verification and the second program the policy asks for disagree about the signature.",
    whatToDo: "Do not use the model. Keep model and signature, and report them: one of the two is wrong.",
  },
  "signature/expired": {
    severity: "critical",
    why: "The signer said until when the signature holds, and that time is over.",
    whatToDo: "Fetch the publisher's newer signature.",
  },
  "signature/image": {
    severity: "critical",
    why: "The container layout does not lead from a signature over its manifest to the bytes of this model.",
    whatToDo: "Save the image again with its signatures (cosign save), and take the model from that image.",
  },

  // Who made it.
  "signer/hint": {
    severity: "critical",
    why: "The signature names another key than the one that made it; somebody edited it.",
    whatToDo: ASK_PUBLISHER,
  },
  "signer/unknown": {
    severity: "critical",
    why: "The signature is not by anybody the policy names for this source.",
    whatToDo: NAME_SIGNER,
  },
  "signer/identity": {
    severity: "critical",
    why: "The certificate belongs to somebody else than the policy names for this source.",
    whatToDo: NAME_SIGNER,
  },
  "signer/issuer": {
    severity: "critical",
    why: "The signer's identity was vouched for by another login service than the policy names.",
    whatToDo: NAME_SIGNER,
  },
  "signer/certificate": {
    severity: "critical",
    why:
      "The certificate does not lead to an authority the policy trusts, so it says nothing about the signer.",
    whatToDo: NAME_SIGNER,
  },
  "signer/usage": {
    severity: "critical",
    why: "The certificate was not issued for signing.",
    whatToDo: "Ask the publisher to sign with a certificate for digital signatures.",
  },
  "signer/expired": {
    severity: "critical",
    why: "The key or certificate was not valid at the time that counts; an old key may be in other hands.",
    whatToDo: "Ask the publisher for a signature by the current key, and name that key in the policy.",
  },
  "signer/revoked": {
    severity: "critical",
    why: "The publisher has withdrawn this key, usually because somebody else may have it.",
    whatToDo: "Do not use the model until the publisher has signed it with another key.",
  },

  // When it was made, and what the answer rests on.
  "transparency/absent": {
    severity: "critical",
    why: "A signature by identity counts only when a public log has it; without, its misuse stays unseen.",
    whatToDo: "Ask the publisher to sign with the transparency log.",
  },
  "transparency/false": {
    severity: "critical",
    why: "The proof that the signature is in the public log does not hold: forged, or from another log.",
    whatToDo: ASK_PUBLISHER,
  },
  "time/absent": {
    severity: "critical",
    why: "Nothing proves that the signature was made while its certificate was valid.",
    whatToDo: "Ask the publisher to sign with a timestamp.",
  },
  "time/false": {
    severity: "critical",
    why: "The proof of when the signature was made does not hold: forged, or by an unknown authority.",
    whatToDo: ASK_PUBLISHER,
  },
  "trust/expired": {
    severity: "critical",
    why: "The pinned trust root is past its date; keys in it may have been withdrawn since.",
    whatToDo:
      "Fetch the current trusted_root.json and pin its SHA-256 and date under `trust_roots` in the policy.",
  },
  "trust/expiring": {
    severity: "info",
    why: "The pinned trust root soon passes its date; from then on signatures by identity are refused.",
    whatToDo:
      "Fetch the current trusted_root.json and pin its SHA-256 and date under `trust_roots` in the policy.",
  },
  "provenance/tool": {
    severity: "critical",
    why: "The program that checks this kind of signature gave no answer that can be understood.",
    whatToDo: "Run `ai-quarantine doctor`, then run the model again.",
  },
});
