// A document that has just what the page's modules use: elements with attributes, children and a text.

export class Element {
  constructor(tag) {
    Object.assign(this, { tag, attributes: {}, childNodes: [], dataset: {}, handlers: {} });
    this.style = { setProperty: (name, value) => { this.style[name] = value; } };
  }

  setAttribute(name, value) {
    this.attributes[name] = String(value);
  }

  append(...children) {
    this.childNodes.push(...children);
  }

  replaceChildren(...children) {
    this.childNodes = children;
  }

  addEventListener(name, handler) {
    this.handlers[name] = handler;
  }

  get textContent() {
    return this.childNodes.map((c) => (c instanceof Element ? c.textContent : String(c))).join("");
  }

  set textContent(text) {
    this.childNodes = [text];
  }

  // all are the elements below this one with a tag and, if asked for, a class.
  all(tag, name) {
    return this.childNodes.filter((c) => c instanceof Element).flatMap((c) => [
      ...(c.tag === tag && (!name || c.attributes.class?.split(" ").includes(name)) ? [c] : []), ...c.all(tag, name),
    ]);
  }
}

globalThis.Node = Element;
globalThis.document = { createElement: (tag) => new Element(tag), createElementNS: (_, tag) => new Element(tag) };
