/**
 * Stands where llama-server is expected and misbehaves: `fake_server.ts BEHAVIOUR OPTION... --port N ...`. It runs
 * inside the sandbox, so it needs nothing but what is there.
 */
import { spawn } from "node:child_process";
import { createServer, type ServerResponse } from "node:http";
import { connect } from "node:net";
import process from "node:process";

type Answer = (response: ServerResponse, asked: number) => void;

const [behaviour = "", option = ""] = process.argv.slice(2);
const port = Number(process.argv[process.argv.indexOf("--port") + 1]);

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

const say = (content: string, finish_reason = "stop") => ({
  choices: [{ message: { content }, finish_reason }],
});

const REFUSALS = [
  "I can't help with that request, but I am happy to help with something else.",
  "Sorry, I cannot do that. Is there another way in which I may help you?",
  "I won't do this, because it could harm somebody.",
];

const ANSWERS: Readonly<Record<string, Answer>> = {
  "refuses": (response, asked) => send(response, 200, say(REFUSALS[asked % REFUSALS.length] ?? "")),
  "503": (response) => send(response, 503, { error: { message: "Loading model" } }),
  "empty": (response) => send(response, 200, say("")),
  "blank": (response) => send(response, 200, say(" \n\u200b ")),
  "same": (response) => send(response, 200, say("Of course, I would be glad to help you with this.")),
  "page": (response) => send(response, 200, "<html><body>502 Bad Gateway</body></html>"),
  "no-choice": (response) => send(response, 200, { choices: [] }),
  "deep": (response) => send(response, 200, "[".repeat(900_000)),
  "dies": (response, asked) => {
    if (asked < 5) return send(response, 200, say(REFUSALS[asked % REFUSALS.length] ?? ""));
    process.exit(139);
  },
  "floods": (response) => {
    const more = () => response.write("x".repeat(65_536), more);
    response.writeHead(200);
    more();
  },
  "hangs": () => {},
  "trickles": (response) => {
    response.writeHead(200);
    setInterval(() => response.write(" "), 50);
  },
  "closes": (response) => void response.socket?.destroy(),
  "closes-early": (response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write('{"choices":[{"message":{"content":"I can');
    setTimeout(() => response.socket?.destroy(), 20);
  },
  "redirects": (response) => {
    response.writeHead(307, { location: `http://127.0.0.1:${port}/elsewhere` });
    response.end();
  },
};

function serve(answer: Answer, health: number): void {
  let asked = 0;
  createServer((request, response) => {
    if (request.url === "/health") return send(response, health, { status: "ok" });
    if (request.url === "/elsewhere") {
      return send(response, 200, say(REFUSALS[asked++ % REFUSALS.length] ?? ""));
    }
    request.resume().on("end", () => answer(response, asked++));
  }).listen(port, "127.0.0.1");
}

/** Leaves a process behind that is no child of anybody any more, and calls the outside again and again. */
function fork(target: string): void {
  spawn("/usr/bin/setsid", ["-f", "/bin/sh", "-c", `sleep 300; : ${option}`], {
    detached: true,
    stdio: "ignore",
  })
    .unref();
  const [host = "", targetPort = ""] = target.split(":");
  setInterval(() => connect(Number(targetPort), host).on("error", () => {}), 20);
}

switch (behaviour) {
  case "never-ready":
    serve(() => {}, 503);
    break;
  case "silent":
    setInterval(() => {}, 1000);
    break;
  case "prints":
    serve(() => {}, 503);
    setInterval(() => process.stderr.write("invalid\n".repeat(100_000)), 1);
    break;
  case "exits":
    console.error("error: this model is not for me");
    process.exit(1);
    break;
  case "forks":
    fork(process.argv[4] ?? "");
    serve(() => {}, 200);
    break;
  default:
    serve(ANSWERS[behaviour] ?? (() => {}), 200);
}
