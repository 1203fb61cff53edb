"""The equations that slips are made in, as the lectures have them, in TeX.

A test holds each of them to the lecture that derives it; sigma' is (N-5) there. BP-3 and
BP-4 are those of a batch, since that is what students write.
"""

EQUATIONS = {
    "P-1": r"z = w \cdot x + b = \sum_{i=1}^d w_i x_i + b",
    "P-2": (
        r"y = \operatorname{sign}(z) = \begin{cases} +1 & z > 0 \\ \phantom{+}0 & z = 0 \\ -1 & "
        r"z < 0 \end{cases}"
    ),
    "P-5": r"w \leftarrow w + \eta\,t\,x, \qquad b \leftarrow b + \eta\,t",
    "P-9": r"M \le \Bigl(\frac{R}{\gamma}\Bigr)^2",
    "P-10": r"C_n = \max(0, -z_n\,t_n)",
    "P-11": (
        r"\frac{\partial C_n}{\partial w} = -[\,z_n t_n < 0\,]\;t_n\,x_n, \qquad \frac{\partial "
        r"C_n}{\partial b} = -[\,z_n t_n < 0\,]\;t_n"
    ),
    "P-12": (
        r"w - \eta\,\frac{\partial C_n}{\partial w} = w + \eta\,[\,z_n t_n < 0\,]\;t_n\,x_n , "
        r"\qquad b - \eta\,\frac{\partial C_n}{\partial b} = b + \eta\,[\,z_n t_n < 0\,]\;t_n"
    ),
    "P-13": r"\frac{\partial C}{\partial w} = \frac1N \sum_{n=1}^N \frac{\partial C_n}{\partial w}",
    "P-14": (
        r"H_n = \max(0, 1 - z_n\,t_n), \qquad \frac{\partial H_n}{\partial w} = -[\,z_n t_n < "
        r"1\,]\;t_n\,x_n"
    ),
    "P-15": (
        r"\mu_1 = \frac{1}{N_1} \sum_{n:\,t_n = +1} x_n, \qquad \mu_2 = \frac{1}{N_2} "
        r"\sum_{n:\,t_n = -1} x_n"
    ),
    "P-16": r"y = \operatorname{sign}\bigl(|x - \mu_2|^2 - |x - \mu_1|^2\bigr)",
    "P-17": r"w = 2\,(\mu_1 - \mu_2), \qquad b = |\mu_2|^2 - |\mu_1|^2",
    "C-2": (
        r"C(\theta - \eta\,\nabla C) = C(\theta) - \eta \sum_i \Bigl(\frac{\partial C}{\partial "
        r"\theta_i}\Bigr)^2 + O(\eta^2)"
    ),
    "C-3": r"\frac{\partial C}{\partial \theta_i} \approx \frac{C(\theta + h\,e_i) - C(\theta)}{h}",
    "C-9": (
        r"\frac{\partial C}{\partial \theta_i} \approx \frac{C(\theta + h\,e_i) - C(\theta - "
        r"h\,e_i)}{2h} \qquad\text{for } i = 1, \dots, P"
    ),
    "C-10": r"P = \sum_{l=2}^{L} d_l\,(d_{l-1} + 1)",
    "C-11": r"r = \frac{|g - \hat g|}{\max(|g|, |\hat g|)}",
    "C-12": r"\frac{\operatorname{Im} f(x + ih)}{h} = f'(x) - \frac{h^2}{6} f'''(x) + O(h^4)",
    "C-14": (
        r"\frac{\partial z}{\partial \theta} = \sum_i \sum_j \frac{\partial z}{\partial "
        r"b_j}\,\frac{\partial b_j}{\partial a_i}\,\frac{\partial a_i}{\partial \theta}"
    ),
    "C-16": (
        r"\frac{\partial z}{\partial \theta} = \sum_i \frac{\partial a_i}{\partial "
        r"\theta}\;\underbrace{\sum_j \frac{\partial b_j}{\partial "
        r"a_i}\;\underbrace{\frac{\partial z}{\partial b_j}}_{\text{one number for each } "
        r"b_j}}_{\text{one number for each } a_i}"
    ),
    "C-18": (
        r"\frac{\partial C}{\partial w^3} = \frac{\partial C}{\partial a^3}\,\frac{\partial "
        r"a^3}{\partial z^3}\,\frac{\partial z^3}{\partial w^3} = (a^3 - y)\;\sigma'(z^3)\;a^2"
    ),
    "C-19": (
        r"\frac{\partial C}{\partial w^2} = \underbrace{(a^3 - y)\;\sigma'(z^3)}_{\text{as "
        r"before}}\;\underbrace{w^3}_{\partial z^3/\partial "
        r"a^2}\;\underbrace{\sigma'(z^2)}_{\partial a^2/\partial z^2}\;\underbrace{x}_{\partial "
        r"z^2/\partial w^2}"
    ),
    "C-20": r"\frac{\partial z_i}{\partial w_{jk}} = [\,i = j\,]\;a_k",
    "C-23": (
        r"\frac{\partial C}{\partial w^3_{11}} = \frac{\partial C}{\partial "
        r"a^3_1}\,\frac{\partial a^3_1}{\partial z^3_1}\,\frac{\partial z^3_1}{\partial "
        r"w^3_{11}} = (a^3_1 - y)\;\sigma'(z^3_1)\;a^2_1"
    ),
    "C-24": (
        r"\frac{\partial C}{\partial w^2_{11}} = (a^3_1 - "
        r"y)\;\sigma'(z^3_1)\;\cdot\;w^3_{11}\;\sigma'(z^2_1)\;\cdot\;x_1"
    ),
    "C-26": r"\delta_7 = \frac{\partial C}{\partial z_7} = -[\,z_7\,t < 0\,]\;t",
    "C-27": (
        r"\frac{\partial C}{\partial w_{ij}} = \frac{\partial C}{\partial z_j}\,\frac{\partial "
        r"z_j}{\partial w_{ij}} = \delta_j\,a_i"
    ),
    "C-28": (
        r"\delta_5 = \underbrace{\delta_7}_{\partial C/\partial "
        r"z_7}\;\underbrace{w_{57}}_{\partial z_7/\partial a_5}\;\underbrace{g'(z_5)}_{\partial "
        r"a_5/\partial z_5}, \qquad \delta_6 = \delta_7\;w_{67}\;g'(z_6)"
    ),
    "C-29": r"\delta_4 = \delta_6\;w_{46}\;g'(z_4)",
    "C-30": r"\delta_3 = \bigl(\delta_5\;w_{35} + \delta_6\;w_{36}\bigr)\;g'(z_3)",
    "N-1": r"z^l_j = \sum_k w^l_{jk}\, a^{l-1}_k + b^l_j",
    "N-2": r"a^l_j = \sigma(z^l_j)",
    "sigma'": r"\sigma'(z) = \sigma(z)\,\bigl(1 - \sigma(z)\bigr)",
    "BP-1": r"\delta^L_j = \frac{\partial C}{\partial a^L_j}\,\sigma'(z^L_j)",
    "BP-2": r"\delta^l_j = \Bigl(\sum_k w^{l+1}_{kj}\,\delta^{l+1}_k\Bigr)\,\sigma'(z^l_j)",
    "BP-3": r"\frac{\partial C}{\partial b^l} = \frac1N \sum_{n=1}^N D^l_{n\cdot}",
    "BP-4": r"\frac{\partial C}{\partial w^l} = \frac1N\,(D^l)^T A^{l-1}",
    "LW-2": r"\delta^{(l-1)} = W^{(l-1,l)}\,\bigl(g'(z^{(l)}) \odot \delta^{(l)}\bigr)",
    "TH-2": r"\delta^l = \bigl((\theta^l)^T \delta^{l+1}\bigr)_{1:} \odot g'(z^l)",
    "TH-3": (
        r"\frac{\partial J}{\partial \theta^l} = \delta^{l+1} \begin{bmatrix} 1 & (a^l)^T "
        r"\end{bmatrix}"
    ),
    "G-1": r"in_j = \sum_{i:\,(i,j)\in\mathcal{A}} w_{ij}\,a_i, \qquad a_j = g(in_j)",
    "G-2": (
        r"\Delta_j = \frac{\partial J}{\partial in_j} = -2\,(y_j - a_j)\,g'(in_j) \quad\text{for "
        r"an output neuron}"
    ),
    "G-3": (
        r"\Delta_j = g'(in_j) \sum_{j':\,(j,j')\in\mathcal{A}} w_{jj'}\,\Delta_{j'} "
        r"\quad\text{for a hidden neuron}"
    ),
    "G-4": r"\frac{\partial J}{\partial w_{ij}} = \Delta_j\,a_i",
    "A-1": (
        r"w^3(w^2 x + b^2) + b^3 = \underbrace{(w^3 w^2)}_{\text{one matrix}} x + "
        r"\underbrace{(w^3 b^2 + b^3)}_{\text{one bias}}"
    ),
    "A-7": r"p_i = \frac{e^{z_i}}{\sum_m e^{z_m}}",
    "A-8": (
        r"\frac{\partial p_i}{\partial z_j} = p_i\,\bigl([i = j] - p_j\bigr), \qquad J = "
        r"\operatorname{diag}(p) - p\,p^T"
    ),
    "A-9": (
        r"\delta_j = \sum_i g_i\, p_i\bigl([i=j] - p_j\bigr) = p_j\Bigl(g_j - \sum_i p_i\, "
        r"g_i\Bigr)"
    ),
    "A-13": r"C = \frac1d\sum_j (a_j - y_j)^2: \qquad \delta = \frac2d\,(a - y)\odot\sigma'(z)",
    "A-14": (
        r"C = \sum_j \bigl[\,\ln(1 + e^{z_j}) - y_j z_j\,\bigr], \qquad \delta_j = "
        r"\frac{e^{z_j}}{1 + e^{z_j}} - y_j = a_j - y_j"
    ),
    "A-16": (
        r"C = S(z) - y \cdot z \quad\text{with}\quad \nabla S = \sigma "
        r"\qquad\Longrightarrow\qquad \delta = \nabla_z C = \sigma(z) - y = a - y"
    ),
    "T-2": (
        r"h_1 = [\,x_1 + x_2 > \tfrac12\,], \qquad h_2 = [\,x_1 + x_2 > \tfrac32\,], \qquad y = "
        r"[\,h_1 - h_2 > \tfrac12\,]"
    ),
    "T-3": (
        r"w^l \leftarrow w^l - \gamma\,\delta^l (a^{l-1})^T, \qquad b^l \leftarrow b^l - "
        r"\gamma\,\delta^l"
    ),
    "T-4": (
        r"w^l \leftarrow w^l - \frac{\gamma}{N}\sum_{n=1}^N \delta^l_n\,(a^{l-1}_n)^T, \qquad "
        r"b^l \leftarrow b^l - \frac{\gamma}{N}\sum_{n=1}^N \delta^l_n"
    ),
    "T-9": r"\epsilon = \frac{\sqrt6}{\sqrt{L_{\text{in}} + L_{\text{out}}}}",
    "T-10": r"\theta \leftarrow \theta - \gamma\,\nabla C_B(\theta)",
    "T-13": (
        r"\gamma_e = \gamma, \qquad \gamma_e = \frac{\gamma}{1 + d\,(e - 1)}, \qquad \gamma_e = "
        r"\frac{\gamma}{1 + d \max(0,\, e - E)}"
    ),
    "T-14": (
        r"s_t = s_{t-1} + g_t^2, \qquad \theta_t = \theta_{t-1} - \frac{\gamma}{\sqrt{s_t} + "
        r"\varepsilon}\; g_t"
    ),
    "T-15": r"\Delta\theta_t = -\gamma\,\nabla C(\theta_{t-1}) + \alpha\,\Delta\theta_{t-1}",
    "T-16": (
        r"v_t = \alpha v_{t-1} - \gamma\,\nabla C(\varphi_{t-1} + \alpha v_{t-1}), \qquad "
        r"\varphi_t = \varphi_{t-1} + v_t"
    ),
    "T-17": (
        r"n_t = \alpha\, n_{t-1} + \gamma\,\nabla C(\theta_{t-1}), \qquad \theta_t = "
        r"\theta_{t-1} + \alpha\, n_{t-1} - (1 + \alpha)\, n_t, \qquad n_0 = 0"
    ),
    "T-18": (
        r"J = C + \lambda \sum_{l,j,k} \bigl(w^l_{jk}\bigr)^2, \qquad \frac{\partial J}{\partial "
        r"w^l_{jk}} = \frac{\partial C}{\partial w^l_{jk}} + 2\lambda\, w^l_{jk}"
    ),
    "T-19": r"w \leftarrow (1 - 2\gamma\lambda)\, w - \gamma\, \frac{\partial C}{\partial w}",
}
