// A formula inside a sentence does not break; where it is wider than the text, let it scroll.
function markWideFormulas() {
  for (const formula of document.querySelectorAll('span.math > mjx-container')) {
    formula.classList.remove('wide');
    const text = formula.closest('p, li, td');
    formula.classList.toggle('wide', formula.offsetWidth > text?.clientWidth);
  }
}

addEventListener('load', async () => {
  if (!window.MathJax) return;
  await MathJax.startup.promise;
  markWideFormulas();
  addEventListener('resize', markWideFormulas);
});
