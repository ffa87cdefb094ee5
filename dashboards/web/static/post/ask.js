// ask opens a dialog, and resolves with the value of the button that is pressed; empty where it is cancelled or open already.
export function ask(dialog) {
  if (dialog.open) return Promise.resolve("");
  dialog.showModal();
  return new Promise((resolve) => {
    const end = (value) => {
      dialog.close();
      resolve(value);
    };
    for (const button of dialog.querySelectorAll("button")) button.onclick = () => end(button.value);
    dialog.oncancel = () => end("");
  });
}
