// A classic script in the head: a module would run after the first paint, and the page would flash.
(() => {
  const root = document.documentElement;
  const kept = () => {
    try {
      return localStorage.getItem("softhello.theme");
    } catch {
      return null;
    }
  };
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const theme = kept();
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;

  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const show = () => button.setAttribute("aria-pressed", String(dark()));
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      try {
        localStorage.setItem("softhello.theme", root.dataset.theme);
      } catch {
        // Without storage the choice lasts as long as the page.
      }
      show();
    });
    system.addEventListener("change", show);
    show();
  });
})();
