"""What plugins share, so that none writes it again. Each module is small, and light to import:

| module | what it is |
|---|---|
| `domain` | a domain whose data sets, cases and tiny model are declared, with forms listed by class |
| `data` | data sets by name: generated ones, those of the hub, local files; rows with questions about their columns |
| `generated` | generated problems: splits that never overlap, levels in turn, the same problems on every machine |
| `cases` | labelled submissions from a package's `cases.jsonl` |
| `fences` | code in a Markdown fence that nothing within closes |
| `options` | a verifier's options: a dataclass, read from a mapping and checked |
| `memory` | what a verifier remembers: the entries used last, up to a number |
| `clock` | time that is not the candidate's |
| `recipes` | the recipes in a folder of a package |

Part of the public face: `docs/plugins.md` says what else of the core a plugin may import.
"""
