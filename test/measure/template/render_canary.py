"""Renders templates with Jinja itself and tells what they touched.

One JSON object per line on stdin, {"id": 1, "template": "..."}; one per line on stdout,
{"id": 1, "outcome": "rendered" | "syntax" | "error" | "timeout", "touched": ["..."]}.
Touched is every name with an underscore in front that the template asked an object for, every attribute that leads
into the interpreter, every use of an object that leads out of a template, and every call that is not on the list.
"""

import json
import resource
import signal
import string
import sys
import types

import jinja2
import jinja2.ext
import jinja2.runtime
import jinja2.sandbox
from jinja2 import nodes

INTERNAL = (
    jinja2.sandbox.UNSAFE_FUNCTION_ATTRIBUTES
    | jinja2.sandbox.UNSAFE_METHOD_ATTRIBUTES
    | jinja2.sandbox.UNSAFE_GENERATOR_ATTRIBUTES
    | jinja2.sandbox.UNSAFE_COROUTINE_ATTRIBUTES
    | jinja2.sandbox.UNSAFE_ASYNC_GENERATOR_ATTRIBUTES
    | {"mro", "f_globals", "f_builtins", "f_locals", "f_back", "tb_frame"}
)
PLAIN_TYPES = (str, bytes, int, float, list, tuple, dict, set, frozenset)
touched = []


def watch_name(obj, name):
    is_private = isinstance(name, str) and name.startswith("_") and name.isidentifier() and name != "_"
    if is_private or (isinstance(name, str) and name in INTERNAL):
        touched.append(f"{type(obj).__name__}.{name}")
    if isinstance(obj, (Canary, jinja2.runtime.TemplateReference)):
        touched.append(f"{type(obj).__name__} asked for {name}")


def watch_format(text):
    for _, field, spec, _ in string.Formatter().parse(text):
        for name in (field or "").replace("[", ".").replace("]", "").split(".")[1:]:
            watch_name(text, name)
        if spec and "{" in spec:
            watch_format(spec)


class Canary:
    """Stands for an object that leads out of the template."""

    def __call__(self, *args, **kwargs):
        touched.append("a gadget was called")
        return ""

    def __str__(self):
        touched.append("a gadget was printed")
        return ""


class WatchedContext(jinja2.runtime.Context):
    @jinja2.pass_context
    def call(self, obj, *args, **kwargs):
        owner = getattr(obj, "__self__", None)
        if isinstance(owner, str) and getattr(obj, "__name__", "") in ("format", "format_map"):
            watch_format(owner)
        elif not is_allowed(obj, owner):
            touched.append(f"call of {type(obj).__name__} {getattr(obj, '__name__', '')}")
        return super().call(obj, *args, **kwargs)


def is_allowed(obj, owner):
    if isinstance(obj, (jinja2.runtime.Macro, jinja2.runtime.Undefined, jinja2.runtime.LoopContext)):
        return True
    if obj in (range, dict, jinja2.utils.Namespace) or obj in (raise_exception, strftime_now):
        return True
    if not callable(obj):
        return True
    if isinstance(obj, (types.BuiltinMethodType, types.MethodType)) and isinstance(owner, PLAIN_TYPES):
        return True
    return isinstance(obj, types.MethodType) and isinstance(owner, jinja2.runtime.LoopContext)


class WatchedEnvironment(jinja2.Environment):
    context_class = WatchedContext

    def getattr(self, obj, attribute):
        watch_name(obj, attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj, argument):
        watch_name(obj, argument)
        return super().getitem(obj, argument)


class Generation(jinja2.ext.Extension):
    """The tag that transformers adds for training."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body, lineno=line)


def raise_exception(message):
    raise jinja2.TemplateRuntimeError(message)


def strftime_now(form):
    return form.replace("%", "")


@jinja2.pass_environment
def watched_attr(environment, obj, name):
    watch_name(obj, str(name))
    return environment.undefined(obj=obj, name=str(name))


def make_environment():
    environment = WatchedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do", Generation],
    )
    environment.filters["attr"] = watched_attr
    environment.filters["tojson"] = lambda value, **_: json.dumps(value, default=str)
    environment.globals.update(raise_exception=raise_exception, strftime_now=strftime_now)
    for name in ("lipsum", "cycler", "joiner", "config", "request", "url_for", "get_flashed_messages"):
        environment.globals[name] = Canary()
    return environment


def contexts():
    function = {
        "name": "get_weather",
        "description": "Tells the weather",
        "parameters": {"type": "object", "properties": {"place": {"type": "string", "enum": ["a"]}}, "required": []},
    }
    call = {"id": "abcdefghi", "type": "function", "function": {"name": "get_weather", "arguments": {"place": "a"}}}
    messages = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "What is the weather? x_y"},
        {"role": "assistant", "content": "<think>well</think>It rains.", "tool_calls": [call]},
        {"role": "tool", "content": "rain", "tool_call_id": "abcdefghi"},
        {"role": "user", "content": "Thanks"},
    ]
    tokens = {"bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": True}
    yield {"messages": messages, "tools": [{"type": "function", "function": function}], "documents": [], **tokens}
    yield {"messages": messages[1:2], **tokens}


def on_alarm(signum, frame):
    raise TimeoutError


def render(environment, template):
    try:
        compiled = environment.from_string(template)
    except (jinja2.TemplateSyntaxError, RecursionError, ValueError):
        return "syntax"
    outcome = "rendered"
    for context in contexts():
        signal.setitimer(signal.ITIMER_REAL, 2)
        try:
            compiled.render(context)
        except TimeoutError:
            return "timeout"
        except MemoryError:
            return "timeout"
        except Exception:
            outcome = "error"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    return outcome


def main():
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    signal.signal(signal.SIGALRM, on_alarm)
    environment = make_environment()
    for line in sys.stdin:
        job = json.loads(line)
        touched.clear()
        outcome = render(environment, job["template"])
        print(json.dumps({"id": job["id"], "outcome": outcome, "touched": sorted(set(touched))[:8]}), flush=True)


main()
