"""Tests that ship: laws that hold for all inputs, and the contract of every verb as a suite.

Subclass a suite in a test module, name the method, and pytest runs its contract.
"""
