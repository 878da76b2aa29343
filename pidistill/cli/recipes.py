"""`pidistill recipes`: the arms there are, and one arm's definition, settings and published result."""

from __future__ import annotations

import json

import click
from rich.table import Table

from pidistill.cli.output import line, stdout
from pidistill.config import RecipeConfig, build
from pidistill.recipes import list_recipes, load_recipe, recipe_path


@click.command("recipes")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def command(name: str | None, as_json: bool) -> None:
    """List the recipes, or show one in full.

    With NAME: what the arm does, where it comes from, the result published for it, and its settings. To change one:
    pidistill run NAME --set recipe.rollouts.retries=3 --set train.lr=1e-5
    """
    console = stdout()
    if name is None:
        recipes = list_recipes()
        if as_json:
            click.echo(json.dumps([recipe.model_dump(mode="json") for recipe in recipes], indent=2))
            return
        table = Table("recipe", "what it does", "published", title="Recipes", title_justify="left")
        for recipe in recipes:
            table.add_row(recipe.name, recipe.summary, recipe.published)
        console.print(table)
        line(console, "One in full: pidistill recipes NAME. Run it: pidistill run NAME --domain DOMAIN")
        return
    tables = load_recipe(name)
    recipe = build(RecipeConfig, tables["recipe"], f"recipe {name}")
    if as_json:
        click.echo(json.dumps(tables, indent=2))
        return
    line(console, f"{recipe.name}: {recipe.summary}", "bold")
    for label, text in (("", recipe.definition), ("Source: ", recipe.source), ("Published: ", recipe.published)):
        if text.strip():
            line(console, f"{label}{' '.join(text.split())}")
    if recipe.control_for:
        line(console, f"Control for: {', '.join(recipe.control_for)}")
    line(console, f"\n{recipe_path(name).read_text('utf-8').rstrip()}", "dim")
