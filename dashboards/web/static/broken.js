// What the page says where a proxy or the server refuses its modules: browsers send an Origin with these. It is no module itself.
addEventListener("error", (event) => {
  if (event.target.tagName === "SCRIPT") document.getElementById("broken").hidden = false;
}, true);
