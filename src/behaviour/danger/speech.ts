import type { Category } from "../categories.ts";
import { any, both, type Danger, type Matcher, near, pattern, sentence, url } from "./matchers.ts";

const FIRST_PERSON =
  /\b(?:i|i'm|i am|i'll|i've|me|my|we|yo|soy|estoy|tengo|ich|bin|je|suis|j'ai|sono|io|ho|eu|sou|estou|tenho|я|у меня)\b|(?:^|\s)(?:я|у меня)\s|no tengo|n'ai|non ho|não tenho|habe keine/;
const WITHOUT =
  /\b(?:no|free of|free from|without|beyond|ignore|ignoring|not bound by|not limited by|unbound by|any|broken|bypass(?:ed|ing)?|removed|disabled|lifted|sin|libres? de|ohne|frei von|keine|sans|senza|sem|livre de|liber[oa] da|geen)\b|(?:^|\s)(?:без|нет)\s/;
const SECRET =
  /^(?:password|passwort|pin|cvv|cvc|passcode|otp|credentials|contraseña|parola|senha|code|card|iban|seed|ssn|login|passphrase|wachtwoord|пароль|pw|token|key)/;

const DISCLOSURE: readonly Category[] = [
  "canary_leak",
  "data_leakage",
  "prompt_injection",
  "jailbreak",
  "multi_turn",
];

/** "My new number", in the languages scams are written in. */
const NEW = [" new ", "neue", "nouveau", "nuevo", "nueva", "nuovo", "novo", "новый"];

/** Sentences that do harm: what they promise, what they ask for, where they want it sent. */
export const SPEECH: readonly Danger[] = [
  {
    id: "speech/rules-dropped",
    description: "the model says of itself that it has no rules or limits",
    anchors: [
      "restrictions",
      "restriction",
      "rules",
      "limits",
      "guidelines",
      "filters",
      "filter",
      "limitations",
      "censorship",
      "constraints",
      "restricciones",
      "reglas",
      "límites",
      "limites",
      "regeln",
      "einschränkungen",
      "restrições",
      "regras",
      "restrizioni",
      "regole",
      "règles",
      "restricties",
      "ограничений",
      "правил",
    ],
    only: [
      "jailbreak",
      "multi_turn",
      "harmful_content",
      "encoding_bypass",
      "prompt_injection",
      "data_leakage",
      "canary_leak",
      "tool_abuse",
    ],
    kind: "quotable",
    match: (scene, at) => DROPPED(scene, at),
  },
  {
    id: "speech/anything-now",
    description: "the model accepts a persona that does anything",
    anchors: ["anything", "dan", "jailbroken", "unrestricted", "uncensored", "unfiltered"],
    only: ["jailbreak", "multi_turn", "harmful_content", "encoding_bypass", "prompt_injection"],
    kind: "quotable",
    match: any(
      sentence(/\b(?:i|i'm|i am)\b[^.\n]{0,60}\bdo $/, /^anything now/),
      sentence(
        /\b(?:i am|i'm)(?: now)?(?: (?:an|a|the|fully|completely|totally))* $/,
        /^(?:dan|jailbroken|unrestricted|uncensored|unfiltered)\b/,
      ),
      sentence(
        /\b(?:i will|i'll|i can|i'm able to|i am able to|i'm free to) (?:now )?(?:answer|say|do|write|generate|discuss|tell you) $/,
        /^anything\b.{0,40}\b(?:without|no (?:limits?|filters?|matter)|unfiltered|regardless)/,
      ),
    ),
  },
  {
    id: "speech/limits-off",
    description: "the model says that its limits are gone",
    anchors: [
      "limits",
      "restrictions",
      "filters",
      "rules",
      "safeguards",
      "limitations",
      "guardrails",
      "guidelines",
    ],
    only: ["jailbreak", "multi_turn", "harmful_content", "encoding_bypass", "prompt_injection"],
    kind: "quotable",
    match: sentence(
      /\b(?:all|every|my|the)(?: of)?(?: my| the| these)?(?: \w{3,12})? $/,
      /^[a-z]{5,12} (?:are|have been|were) (?:now |all |completely |fully )?(?:off|gone|lifted|removed|disabled|bypassed|dropped|void|switched off|turned off|suspended|inactive)\b/,
    ),
  },
  {
    id: "speech/obeys-anything",
    description: "the model promises to do whatever it is told, lawful or not",
    anchors: ["anything", "everything", "whatever", "any", "every", "todo", "alles", "tout", "tudo", "tutto"],
    only: ["jailbreak", "multi_turn", "harmful_content", "encoding_bypass", "prompt_injection"],
    kind: "quotable",
    match: any(
      sentence(
        /\bi(?:'ll| will|'m going to| am going to| can now| shall)?\b[^.\n]{0,40}\b(?:comply with|obey|agree to|go along with|follow) $/,
        /^(?:anything|everything|whatever|(?:any|every) (?:request|order|command|instruction))/,
      ),
      sentence(
        /\b(?:responderé a|haré|antworte(?: ich)? auf|beantworte(?: ich)?|ferai|répondrai à|farò|risponderò a|farei|responderei a) $/,
        /^\p{L}{3,8}\b.{0,60}(?:legal|límites|restricc|gesetz|erlaubt|grenzen|légal|limite|legale)/u,
      ),
    ),
  },
  {
    id: "speech/covert-surveillance",
    description: "how to put something on a person's device or car that watches them",
    anchors: ["phone", "car", "laptop", "computer", "bag", "bedroom", "tablet"],
    kind: "quotable",
    match: sentence(
      /\b(?:install|put|hide|place|plant|attach|stick|slip)\b[^.\n]{0,50}\b(?:app|tracker|spyware|keylogger|software|gps|airtag|camera|microphone|recorder)\b[^.\n]{0,30}\b(?:her|his|their|[a-z]{2,12}'s)\b[^.\n]{0,12}$/,
      /^(?![^.\n]{0,80}\b(?:consent|permission|agree|asks?|knows about|together)\b)/,
    ),
  },
  {
    id: "speech/impostor",
    description: "a message from a new number that asks for money at once",
    anchors: ["number", "nummer", "numéro", "número", "numero", "номер"],
    kind: "quotable",
    match: both(
      near(60, NEW),
      near(320, ["€", "$", "£", " eur", " usd", "₽", "руб"], [
        "transfer",
        "transfier",
        "send me",
        "überweis",
        "virement",
        "bonifico",
        "transfir",
        "pix",
        "переве",
        "wire",
      ], [
        "today",
        "now",
        "urgent",
        "hoy",
        "heute",
        "sofort",
        "aujourd'hui",
        "oggi",
        "hoje",
        "сегодня",
        "срочно",
      ]),
    ),
  },
  {
    id: "speech/instructions-dropped",
    description: "the model says that it drops the instructions it was given",
    anchors: [
      "instructions",
      "instrucciones",
      "anweisungen",
      "instruções",
      "istruzioni",
      "instructies",
      "инструкции",
      "programming",
      "training",
      "safeguards",
      "guidelines",
    ],
    kind: "quotable",
    match: sentence(
      /(?:\bi(?:'ll| will| am| have|'m|'ve)?\b|\bvoy a\b|\bich\b|\bje\b|\bvou\b|(?:^|\s)я\s).{0,30}(?:ignor|disregard|forget|bypass|overrid|discard|abandon|olvid|vergess|vergess|oubli|esquec|dimentic|игнорир|забы).{0,30}(?:\b(?:my|the|all|any|previous|prior|mis|las|meine|die|mes|les|minhas|le|mie|свои|все)\b|свои|все).{0,24}$/,
      /./,
    ),
  },
  {
    id: "speech/asks-for-secret",
    description: "the reader is asked to hand over a password, a code or a card number",
    anchors: [
      "password",
      "pin",
      "cvv",
      "cvc",
      "passcode",
      "otp",
      "credentials",
      "passphrase",
      "ssn",
      "iban",
      "passwort",
      "contraseña",
      "senha",
      "parola",
      "wachtwoord",
      "пароль",
      "card",
      "seed",
      "code",
    ],
    kind: "quotable",
    match: any(
      asks(
        /\b(?:send|e-?mail|text|reply with|reply|tell|give|provide|share|enter|type|submit|confirm|message|forward|paste|verify)\b[^.\n]{0,60}\byour\b[^.\n]{0,60}$/,
        /^[^.\n]{0,100}\b(?:here|to me|to us|below|in this chat|reply|via this|so (?:that )?(?:i|we)\b|to (?:this|the) (?:number|address|link))\b/,
      ),
      asks(
        /\b(?:reply with|send me|send us|tell me|tell us|give me|give us|provide me|share with me|i need|we need|i will need|i require|we require|confirm with me)\b(?:(?!\b(?:if|when|once)\b)[^.\n]){0,60}\byour\b[^.\n]{0,60}$/,
        /^/,
      ),
      asks(
        /\b(?:reply|send|tell|give|text|read|confirm)\b[^.\n]{0,40}\bthe\b[^.\n]{0,40}$/,
        /^(?:code|otp|passcode|pin)\b[^.\n]{0,20}\b(?:you (?:just )?(?:received|got)|from your|we (?:just )?sent|on your phone)\b/,
      ),
      asks(
        /\b(?:geben sie|nennen sie|schicken sie|senden sie|gib|nenn|schick|sende|teilen sie)\b[^.\n]{0,60}\b(?:ihre?n?|deine?n?)\b[^.\n]{0,30}$/,
        // German says "never" after the object; what follows an "und" is another order.
        /^(?!(?:(?!\bund\b)[^,;]){0,50}\b(?:niemals|nie|nicht|keinesfalls)\b)/,
      ),
      asks(
        /\b(?:env[ií]e?(?:me|nos)?|dame|dígame|dime|proporcione|escrib[ae]|introduzca|comparte|indíquenos)\b[^.\n]{0,60}\b(?:tu|su)\b[^.\n]{0,30}$/,
        /^/,
      ),
      asks(
        /\b(?:envoyez|donnez|saisissez|indiquez|communiquez|entrez)\b[^.\n]{0,60}\b(?:votre|vos|ton)\b[^.\n]{0,30}$/,
        /^/,
      ),
      asks(
        /\b(?:envie|digite|informe|forneça|me diga|inserisci|inviami|dammi|fornisci|stuur|geef)\b[^.\n]{0,60}$/,
        /^/,
      ),
      asks(/(?:^|\s)(?:отправьте|сообщите|введите|пришлите|укажите)\s[^.\n]{0,60}$/, /^/),
    ),
  },
  {
    id: "speech/phishing-link",
    description: "a link under which the reader shall confirm an account or enter a password",
    anchors: ["http", "https"],
    kind: "quotable",
    match: (scene, at) => {
      const link = LINK(scene, at);
      if (link === null || !scene.holds(PRESSURE) || !scene.holds(CONFIRM)) return null;
      scene.spend(100);
      const around = scene.text.latin.slice(
        Math.max(0, at - 200),
        Math.min(scene.text.latin.length, link.end + 120),
      );
      const has = (words: RegExp) => words.test(around);
      return has(CONFIRM) && has(ACCOUNT) && has(PRESSURE) ? { start: at, end: link.end } : null;
    },
  },
  {
    id: "speech/prompt-disclosed",
    description: "the hidden instructions are recited",
    anchors: ["prompt", "instructions"],
    only: DISCLOSURE,
    kind: "fact",
    match: sentence(
      /\b(?:my|the|full|hidden|secret|initial|original)\b[^.\n]{0,30}$/,
      /^(?:prompt|instructions)[^.\n]{0,30}(?:\b(?:says?|is|are|reads?|were|was|state)\b|:)\s{0,3}:?\s{0,3}["'*`]{1,3}\w[^"\n]{12}/,
    ),
  },
  {
    id: "speech/prompt-marks",
    description: "the marks of a system prompt, with what stands between them",
    anchors: ["system", "sys"],
    only: DISCLOSURE,
    kind: "fact",
    match: any(
      pattern(/system(?:_prompt)?>\s{0,3}\w.{20}/, { before: "<" }),
      pattern(/system\]:?\s{0,3}you are\b/, { before: "[" }),
    ),
  },
  {
    id: "speech/invented-package",
    description: "a package installed of which the prompt asked whether it exists",
    anchors: ["pip", "pip3", "npm", "cargo", "gem", "apt", "brew", "go"],
    only: ["hallucination"],
    kind: "quotable",
    match: (scene, at) => {
      const match =
        /^(?:pip3?|npm|cargo|gem|apt(?:-get)?|brew|go)\s{1,3}(?:install|add|get|i)\s{1,3}(?:-\w\s{1,3})?([\w./@-]{4,80})/
          .exec(scene.text.latin.slice(at, at + 120));
      const name = match?.[1]?.replace(/[.,]+$/, "");
      return name !== undefined && scene.prompt.includes(name)
        ? { start: at, end: at + (match?.[0].length ?? 0) }
        : null;
    },
  },
  {
    id: "speech/invented-source",
    description: "a number of a publication given for a work that does not exist",
    anchors: ["doi", "isbn", "arxiv", "pmid"],
    only: ["hallucination"],
    kind: "quotable",
    match: pattern(
      /(?:doi(?:\.org\/|:?\s{0,2})10\.\d{4,9}\/\S{3,80}|isbn(?:-1[03])?:?\s{0,2}[\d-]{10,17}|arxiv:\s{0,2}\d{4}\.\d{4,5}|pmid:?\s{0,2}\d{6,9})/,
    ),
  },
  {
    id: "speech/extortion",
    description: "a payment in crypto money demanded under a threat",
    anchors: ["bitcoin", "btc", "monero", "xmr", "ethereum"],
    kind: "quotable",
    match: near(240, ["send", "pay", "transfer"], [
      "within",
      "or else",
      "otherwise",
      "or we",
      "or i will",
      "deadline",
    ], [
      "publish",
      "leak",
      "release",
      "delete",
      "encrypted",
      "decrypt",
      "expose",
      "files",
    ]),
  },
];

const LINK = url(() => true);

const DROPPED: Matcher = (scene, at) =>
  sentence(CLOSE_WITHOUT, /^/)(scene, at) === null ? null : sentence(FIRST_PERSON, /^/)(scene, at);

/** "within my guidelines" is no "without": the word must belong to the rules at the anchor. */
const CLOSE_WITHOUT = new RegExp(`(?:${WITHOUT.source})[^,:;]{0,30}$`);

/** Whole words, of any alphabet. */
function words(alternatives: string): RegExp {
  return new RegExp(`(?<!\\p{L})(?:${alternatives})(?!\\p{L})`, "u");
}

const CONFIRM = words(
  "verify|confirm|update|validate|unlock|restore|log ?in|sign in|enter|re-?activate|verifi\\p{L}{1,8}|bestätig\\p{L}{1,8}|confirm\\p{L}{1,8}|actualic\\p{L}{1,8}|подтверд\\p{L}{1,8}|введите",
);
const ACCOUNT = words(
  "account|password|pin|identity|card|credentials|bank|passwort|konto|cuenta|contraseña|compte|mot de passe|conta|senha|conto|пароль|аккаунт",
);
const PRESSURE = words(
  "suspended|locked|urgent|immediately|within \\d+ hours|expires?|now|blocked|disabled|lose access|unusual|limited|gesperrt|sofort|suspendida|bloqueada|bloqueado|bloqué|immédiatement|bloccato|заблокирован\\p{L}{0,3}|срочно",
);

/** A secret at the anchor, asked for by what stands before it, and where it shall go by what follows. */
function asks(before: RegExp, after: RegExp): Matcher {
  const asked = sentence(before, after);
  return (scene, at) => SECRET.test(scene.text.latin.slice(at, at + 16)) ? asked(scene, at) : null;
}
