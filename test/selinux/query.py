"""Asks a compiled policy what its rules allow, those of attributes included.

usage: query.py POLICY < queries       one JSON object a line: source, target, class, perms
Prints a JSON object a line: of the permissions asked for, those that are allowed "always", and those that a boolean
may allow as well ("sometimes").
"""

import collections
import json
import sys

import setools


def names(policy, type_name):
    """A type and its attributes: a rule that names any of them speaks of the type."""
    found = policy.lookup_type(type_name)
    return [type_name] + [str(attribute) for attribute in found.attributes()]


def is_conditional(rule):
    try:
        return rule.conditional is not None
    except setools.exception.RuleNotConditional:
        return False


def main():
    policy = setools.SELinuxPolicy(sys.argv[1])
    queries = [json.loads(line) for line in sys.stdin]
    known = {name: names(policy, name) for query in queries for name in (query["source"], query["target"])}
    sources = {name for query in queries for name in known[query["source"]]}
    rules = collections.defaultdict(list)
    for rule in policy.terules():  # One walk over the policy: a query of setools would be one walk each.
        if rule.ruletype == setools.TERuletype.allow and str(rule.source) in sources:
            rules[str(rule.source), str(rule.target), str(rule.tclass)].append((is_conditional(rule), rule.perms))
    for query in queries:
        answer = {"always": set(), "sometimes": set()}
        for source in known[query["source"]]:
            for target in known[query["target"]]:
                for conditional, perms in rules[source, target, query["class"]]:
                    answer["sometimes" if conditional else "always"] |= perms & set(query["perms"])
        print(json.dumps({key: sorted(value) for key, value in answer.items()}))


main()
