// What forms that answer piece by piece share: the events of a response, and what a refusal says.

// The pairs (name, value) of server-sent events.
export async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let left = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (left + value).split("\n\n");
    left = blocks.pop();
    for (const block of blocks) {
      const [name, data] = block.split("\ndata: ");
      yield [name.replace("event: ", ""), JSON.parse(data)];
    }
  }
}

export function isStream(reply) {
  return reply.ok && Boolean(reply.headers.get("content-type")?.startsWith("text/event-stream"));
}

// What a response that is no stream says, as a page or as JSON.
export async function message(reply) {
  const text = await reply.text();
  const shown = new DOMParser().parseFromString(text, "text/html").querySelector("#problem");
  try {
    return shown ? shown.textContent.trim() : JSON.parse(text).message;
  } catch {
    return `The service answered with status ${reply.status}.`;
  }
}

// A text as a notice of what went wrong.
export function notice(text) {
  const box = document.createElement("div");
  box.className = "notice bad";
  box.role = "alert";
  box.textContent = text;
  return box;
}
