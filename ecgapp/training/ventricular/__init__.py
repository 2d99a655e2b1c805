"""Training of the ventricular network: strips, fit, and evaluation on other patients."""
