import workers.training  # fills the table
from search_service import recipes
from search_service.recipes.adversarial import ADVERSARIAL as KNOWN
from workers.training.methods import METHODS
from workers.training.objectives import ADVERSARIAL


def test_every_recipe_has_its_method_and_every_method_its_recipe() -> None:
    assert workers.training
    assert sorted(METHODS) == sorted(recipes.RECIPES)


def test_recipes_know_the_names_that_their_methods_look_up() -> None:
    assert sorted(ADVERSARIAL) == sorted(KNOWN)
