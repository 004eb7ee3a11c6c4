/** Under which topics an outbox lives. Each part of a topic is escaped, so no two outboxes share one. */

/** The topic of the log of `kind` that belongs to the outbox. */
export function topicOf(name: string, principal: string | undefined, kind: "queue" | "dead"): string {
  const owner = principal === undefined ? [] : [escaped(principal)];
  return [escaped(name), ...owner, kind].join(".");
}

/** Without a dot, which separates the parts. */
function escaped(part: string): string {
  return part.replaceAll("%", "%25").replaceAll(".", "%2e");
}
