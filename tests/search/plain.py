"""Ranks by BM25 over all words of a tool alike: what a search has to be better than."""

import collections
import math
import re

K, B = 1.2, 0.75


def words(text):
    return re.findall(r"[a-z0-9]+", re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text).lower())


def told(tool):
    properties = (tool.get("inputSchema") or tool.get("schema") or {}).get("properties") or {}
    about = [property.get("description", "") for property in properties.values() if isinstance(property, dict)]
    return words(" ".join([tool["server"], tool["tool"], tool["description"], *properties, *about]))


def recall(tools, queries, cut):
    counts = [collections.Counter(told(tool)) for tool in tools]
    usual = sum(map(len, map(list, map(collections.Counter.elements, counts)))) / len(tools)
    frequency = collections.Counter(word for count in counts for word in count)
    scores = collections.defaultdict(list)
    for place, count in enumerate(counts):
        length = sum(count.values())
        for word, times in count.items():
            rarity = math.log(1 + (len(tools) - frequency[word] + 0.5) / (frequency[word] + 0.5))
            score = rarity * times * (K + 1) / (times + K * (1 - B + B * length / usual))
            scores[word].append((place, score))
    found = 0
    for query in queries:
        total = collections.Counter()
        for word in words(query["query"]):
            for place, score in scores.get(word, ()):
                total[place] += score
        wanted = {label["tool_id"] for label in query["labels"] if label["relevance"] > 0}
        first = {tools[place]["tool_id"] for place, _ in total.most_common(cut)}
        found += len(wanted & first) / len(wanted)
    return found / len(queries)
