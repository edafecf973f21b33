"""Parts that are made when they are first asked for."""

import threading

from amlemulator.once import once


class House:
    def __init__(self):
        self.made = []
        self.asked = threading.Barrier(8)

    @once
    def kitchen(self):
        """Where it is warm."""
        self.made.append("kitchen")
        return object()

    @once
    def table(self):
        self.made.append("table")
        return self.kitchen


def test_a_part_is_made_when_it_is_first_asked_for():
    """Nothing is made before, and afterwards it is an attribute like any other."""
    house = House()
    assert "kitchen" not in house.__dict__
    kitchen = house.kitchen
    assert (kitchen, ["kitchen"]) == (house.__dict__["kitchen"], house.made)


def test_many_threads_get_one_part():
    """However many ask at the same time, it is made once."""
    house, got = House(), []

    def ask():
        house.asked.wait()
        got.append(house.kitchen)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (8, 1, ["kitchen"]) == (len(got), len(set(map(id, got))), house.made)


def test_a_part_may_need_another():
    """Making one makes the other; each object has its own."""
    house, other = House(), House()
    assert house.table is house.kitchen
    assert ["table", "kitchen"] == house.made
    assert house.kitchen is not other.kitchen


def test_the_class_shows_its_docstring():
    """Asked of the class, it is the declaration itself, with its words."""
    assert "Where it is warm." == House.kitchen.__doc__
