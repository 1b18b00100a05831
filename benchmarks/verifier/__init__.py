"""How well drafts are judged: right ones and wrong ones made from a repository's history."""
